"""What CloudFormation makes of API Gateway and moto's does not: the API as its document says, and stages."""

from moto.apigateway.models import Deployment, RestAPI, apigateway_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.common_models import CloudFormationModel


def install():
    make = RestAPI.create_from_cloudformation_json.__func__

    def create(cls, resource_name, cloudformation_json, account_id, region_name, **more):
        made = make(cls, resource_name, cloudformation_json, account_id, region_name, **more)
        return imported(made, cloudformation_json, account_id, region_name)

    def update(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        return imported(original_resource, cloudformation_json, account_id, region_name)

    def delete(cls, resource_name, cloudformation_json, account_id, region_name):
        apigateway_backends[account_id][region_name].delete_rest_api(resource_name)

    RestAPI.create_from_cloudformation_json = classmethod(create)
    RestAPI.update_from_cloudformation_json = classmethod(update)
    RestAPI.delete_from_cloudformation_json = classmethod(delete)
    # A reference to a deployment is its id.
    Deployment.physical_resource_id = property(lambda self: self.id)


def imported(api, cloudformation_json, account_id, region_name):
    """Imports an API's document, and keeps it: moto forgets models, validators and what errors look like."""
    api.body = cloudformation_json["Properties"]["Body"]
    apigateway_backends[account_id][region_name].put_rest_api(api.id, api.body, fail_on_warnings=False, mode="overwrite")
    return api


def deployed():
    """What was deployed anew is as its API is now, and stays so. moto makes what is new before it changes what there was, so this is
    done when all of a change is.
    """
    for region in apigateway_backends[DEFAULT_ACCOUNT_ID].values():
        for api in region.apis.values():
            for deployment in api.deployments.values():
                if not hasattr(deployment, "body"):
                    deployment.body = api.body


class Stage(CloudFormationModel):
    """A stage: moto has them, and its CloudFormation does not."""

    # moto sorts its classes by the name of their module.
    __module__ = "moto.apigateway.models"

    def __init__(self, name):
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type():
        return "StageName"

    @staticmethod
    def cloudformation_type():
        return "AWS::ApiGateway::Stage"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        asked = cloudformation_json["Properties"]
        backend = apigateway_backends[account_id][region_name]
        tags = {one["Key"]: one["Value"] for one in asked.get("Tags", [])}
        backend.create_stage(asked["RestApiId"], asked["StageName"], asked["DeploymentId"], tags=tags, tracing_enabled=asked.get("TracingEnabled"))
        return cls(asked["StageName"])

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        asked = cloudformation_json["Properties"]
        api = apigateway_backends[account_id][region_name].get_rest_api(asked["RestApiId"])
        api.stages[asked["StageName"]].deployment_id = asked["DeploymentId"]
        return original_resource
