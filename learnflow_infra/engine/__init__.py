"""The engine: what each verb of the command line does, from options to result.

verbs > proof | preflight > release | gate | images > request: each room imports those to the
right of it only. A verb reads a request, prepares charts and values, compares the desired
releases with the live ones, checks, converges, verifies and records; each step gets a frozen
value and hands the next one on.

Concurrency: a verb is synchronous, and the main thread runs it. A step that works on several
releases, or on helm, which is a process, runs one asyncio event loop until the step is done
(`system.tasks.complete`): a task for each release, ordered by what it needs (release.order).
Tasks that run at the same time also end together (`system.tasks.together`): none is left running
by the failure of another.
Libraries that block (the Kubernetes client, skopeo) are called in threads: by
`asyncio.to_thread` from a task, and by a small ThreadPoolExecutor where one step sends many
requests. Watches are threads of the session, which waits share. Ctrl-C cancels the tasks;
`Session.stop` ends the waits, because a thread cannot be cancelled.
"""
