"""What a deploy would change, and everything that it would refuse; nothing is changed.

A dry run ends here. A deploy goes on to execute the same `Preview`, so both refuse the same.
"""
