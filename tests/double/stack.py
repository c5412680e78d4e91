"""What CloudFormation creates on AWS Batch goes through the API that users call, so that the same rules hold for both."""

import boto3
from moto.batch import models
from moto.ssm.models import Parameter

# The members whose keys are the user's own.
FREE = ("Parameters", "Options", "Tags")

# What CloudFormation has beside the API.
OWN = ("ReplaceComputeEnvironment", "UpdatePolicy", "UpdateToLatestImageVersion")


def install(endpoint):
    def resource(kind, operation, name, arn, find):
        def create(cls, resource_name, cloudformation_json, account_id, region_name, **_):
            asked = {name: resource_name} | api(cloudformation_json["Properties"])
            client = boto3.client("batch", region_name, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")
            created = getattr(client, operation)(**asked)
            return getattr(models.batch_backends[account_id][region_name], find)(created[arn])

        kind.create_from_cloudformation_json = classmethod(create)

    resource(models.ComputeEnvironment, "create_compute_environment", "computeEnvironmentName", "computeEnvironmentArn", "get_compute_environment_by_arn")
    resource(models.JobQueue, "create_job_queue", "jobQueueName", "jobQueueArn", "get_job_queue_by_arn")
    resource(models.JobDefinition, "register_job_definition", "jobDefinitionName", "jobDefinitionArn", "get_job_definition_by_arn")


    # CloudFormation has the tags of a parameter as an object, and moto takes them for a list.
    make = Parameter.create_from_cloudformation_json.__func__

    def parameter(cls, resource_name, cloudformation_json, *rest, **more):
        properties = cloudformation_json["Properties"]
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
        return make(cls, resource_name, cloudformation_json, *rest, **more)

    Parameter.create_from_cloudformation_json = classmethod(parameter)


def api(value):
    """`JobRoleArn` as the API has it: `jobRoleArn`."""
    if isinstance(value, list):
        return [api(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: one for name, one in value.items() if name not in OWN}
    return {name[0].lower() + name[1:]: one if name in FREE else api(one) for name, one in kept.items()}
