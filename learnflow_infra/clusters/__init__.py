"""The clusters that a deploy can use: a context, minikube, or this project's embedded one."""
