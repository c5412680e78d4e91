"""CloudFormation as AWS has it where moto's is short of that. What it creates on AWS Batch goes through the API that users call, so
that the same rules hold for both.
"""

import boto3
from moto.batch import models
from moto.cloudformation import models as cloudformation, responses
from moto.ec2.models.route_tables import RouteTable
from moto.iam.models import Role
from moto.s3.models import FakeBucket
from moto.ssm.models import Parameter

import apis

# The members whose keys are the user's own.
FREE = ("Parameters", "Options", "Tags")

# What CloudFormation has beside the API.
OWN = ("ReplaceComputeEnvironment", "UpdatePolicy", "UpdateToLatestImageVersion")


def install(endpoint):
    apis.install()

    def batch(region):
        return boto3.client("batch", region, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")

    def resource(kind, make, member, remove):
        """A kind of resource whose name is `member` + Name, and which `make` makes and `remove` removes."""

        def create(cls, resource_name, cloudformation_json, account_id, region_name, **_):
            asked = {f"{member}Name": resource_name} | api(cloudformation_json["Properties"])
            made = getattr(batch(region_name), make)(**asked)
            backend = models.batch_backends[account_id][region_name]
            return getattr(backend, f"get_{snake(member)}_by_arn")(made[f"{member}Arn"])

        def delete(cls, resource_name, cloudformation_json, account_id, region_name):
            client = batch(region_name)
            if update := getattr(client, f"update_{snake(member)}", None):
                update(**{member: resource_name, "state": "DISABLED"})
            getattr(client, remove)(**{member: resource_name})

        kind.create_from_cloudformation_json, kind.delete_from_cloudformation_json = classmethod(create), classmethod(delete)

    resource(models.ComputeEnvironment, "create_compute_environment", "computeEnvironment", "delete_compute_environment")
    resource(models.JobQueue, "create_job_queue", "jobQueue", "delete_job_queue")
    resource(models.JobDefinition, "register_job_definition", "jobDefinition", "deregister_job_definition")

    # A bucket keeps the versions that its template asks for.
    bucket = FakeBucket.create_from_cloudformation_json.__func__

    def versioned(cls, resource_name, cloudformation_json, *rest, **more):
        made = bucket(cls, resource_name, cloudformation_json, *rest, **more)
        made.versioning_status = cloudformation_json["Properties"].get("VersioningConfiguration", {}).get("Status")
        return made

    FakeBucket.create_from_cloudformation_json = classmethod(versioned)

    # CloudFormation has the tags of a parameter as an object, and moto takes them for a list.
    make = Parameter.create_from_cloudformation_json.__func__

    def parameter(cls, resource_name, cloudformation_json, *rest, **more):
        properties = cloudformation_json["Properties"]
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
        return make(cls, resource_name, cloudformation_json, *rest, **more)

    Parameter.create_from_cloudformation_json = classmethod(parameter)

    # A role that changes changes its policies.
    change = Role.update_from_cloudformation_json.__func__

    def changed(cls, original_resource, new_resource_name, cloudformation_json, *rest, **more):
        role = change(cls, original_resource, new_resource_name, cloudformation_json, *rest, **more)
        role.policies = {one["PolicyName"]: one["PolicyDocument"] for one in cloudformation_json["Properties"].get("Policies", [])}
        return role

    Role.update_from_cloudformation_json = classmethod(changed)

    # A template may lie in a bucket of this double: moto knows its own address by another name.
    read = responses.get_stack_from_s3_url
    responses.get_stack_from_s3_url = lambda url, **more: read(url.replace("127.0.0.1", "localhost"), **more)

    # A change set gives its stack outputs, and a stack that goes takes its route tables along.
    apply = cloudformation.ChangeSet.apply

    def applied(self):
        apply(self)
        self.stack.template_dict = self.template_dict
        self.stack.output_map = self.stack._create_output_map()
        apis.deployed()

    def delete(self, *_):
        self.associations.clear()
        self.ec2_backend.delete_route_table(self.id)

    cloudformation.ChangeSet.apply, RouteTable.delete = applied, delete


def snake(name):
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def api(value):
    """`JobRoleArn` as the API has it: `jobRoleArn`."""
    if isinstance(value, list):
        return [api(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: one for name, one in value.items() if name not in OWN}
    return {name[0].lower() + name[1:]: one if name in FREE else api(one) for name, one in kept.items()}
