"""The CDK stack made from the topology.

    stack.py        composes and grants, nothing else
    deployment.py   what differs between deployments: the stage's data, the context's values
    environment.py  the variables every function gets
    watching.py     the stack that watches: alarms, dashboard, queries, archive
    watches.py      each alarm as data, with its runbook line
    recorded.py     the tables as first deployed: what may not change about them
    wheels.py       the third-party layer's files, made without Docker
    acknowledged.py what AWS's own rules find and stays, with its reason
    wildcards.py    each `*` that a policy may hold, with its reason

The rest is one construct a file. Only this package imports aws_cdk, and only its constructs do.
"""
