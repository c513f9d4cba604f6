"""The validation hook of AWS's tutorial, in Python: one request to the test listener, then the report."""

import os
import urllib.request

import boto3

codedeploy = boto3.client("codedeploy")


def handler(event, context):
    status = "Failed"
    try:
        with urllib.request.urlopen(os.environ["TEST_LISTENER"], timeout=5) as answer:
            answer.read()
            if answer.status == 200:
                status = "Succeeded"
    except OSError as error:
        print("the test listener could not be asked", error)
    codedeploy.put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    return status
