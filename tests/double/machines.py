"""Step Functions that really runs state machines, with jobs on AWS Batch. moto interprets the language; what is missing there is the
way to AWS Batch and back, long and empty lists of objects, failures that are too many, and CloudFormation's way of writing a definition.
"""

import json
import uuid

import boto3
from moto.core.config import default_user_config
from moto.stepfunctions import models
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import ResourceEvalS3 as Lists
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import ResourceEvalS3
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import StateTaskServiceAwsSdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import StateTaskServiceBatch
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

# What is not a name of the API: the keys below are the user's own.
FREE = ("Parameters", "parameters", "Tags", "tags")


def install(endpoint):
    default_user_config["stepfunctions"] = {"execute_state_machine": True}

    # In a state machine the API's names begin with a capital; moto's client wants them as the API has them.
    def parameters(_self, asked, *_):
        asked.update(renamed(asked, str.lower))
        for name in [name for name in asked if name[0].isupper()]:
            del asked[name]

    def response(_self, response, *_, **__):
        if isinstance(response, dict):
            response.update(renamed(response, str.upper))

    for service in (StateTaskServiceAwsSdk, StateTaskServiceBatch):
        service._normalise_parameters, service._normalise_response = parameters, response

    # An execution without a name gets one.
    start = StepFunctionsParserBackend.start_execution

    def started(self, state_machine_arn, name, *rest, **more):
        return start(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **more)

    StepFunctionsParserBackend.start_execution = started

    # A list may be empty, or longer than a page.
    def listed(env, runtime, credentials):
        pages = Lists._get_s3_client(runtime, credentials).get_paginator("list_objects_v2").paginate(**env.stack.pop())
        env.stack.append([one for page in pages for one in page.get("Contents", [])])

    Lists._handle_list_objects_v2 = staticmethod(listed)

    # Where more of the children fail than the state tolerates, it fails: moto counts them and does not look.
    write = ResourceEvalS3._handle_put_object

    def written(env, *rest):
        run = max(env.map_run_record_pool_manager.get_all(), key=lambda run: run.start_date)
        counts = run.item_counter.describe()
        if counts["failed"] * 100 > run.tolerated_failure_percentage * counts["total"]:
            kind = StatesErrorNameType.StatesExceedToleratedFailureThreshold
            told = EventDetails(mapRunFailedEventDetails={"error": kind.to_name(), "cause": "more items have failed than is tolerated"})
            raise FailureEventException(FailureEvent(env, StatesErrorName(typ=kind), HistoryEventType.MapRunFailed, told))
        write(env, *rest)

    ResourceEvalS3._handle_put_object = staticmethod(written)

    def client(region):
        return boto3.client("stepfunctions", region, endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")

    def arn(account, region, name):
        return f"arn:aws:states:{region}:{account}:stateMachine:{name}"

    def definition(properties):
        text = json.dumps(properties["Definition"])
        for name, value in properties.get("DefinitionSubstitutions", {}).items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def create(_cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        made = client(region_name).create_state_machine(
            name=properties["StateMachineName"], definition=definition(properties), roleArn=properties["RoleArn"],
            loggingConfiguration={}, tracingConfiguration={"enabled": properties["TracingConfiguration"]["Enabled"]},
        )
        return Made(made["stateMachineArn"], properties["StateMachineName"])

    def update(_cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        properties = cloudformation_json["Properties"]
        client(region_name).update_state_machine(
            stateMachineArn=original_resource.arn, definition=definition(properties), roleArn=properties["RoleArn"]
        )
        return original_resource

    def delete(_cls, resource_name, cloudformation_json, account_id, region_name):
        client(region_name).delete_state_machine(stateMachineArn=resource_name)

    kind = models.StateMachine
    kind.create_from_cloudformation_json = classmethod(create)
    kind.update_from_cloudformation_json = classmethod(update)
    kind.delete_from_cloudformation_json = classmethod(delete)


class Made:
    """A state machine of a stack; it lives where its interpreter is."""

    def __init__(self, arn, name):
        self.arn, self.name, self.physical_resource_id, self.type = arn, name, arn, "AWS::StepFunctions::StateMachine"

    def get_cfn_attribute(self, name):
        return {"Arn": self.arn, "Name": self.name}[name]


def renamed(value, case):
    """A value with the first letters of its names in another case."""
    if isinstance(value, list):
        return [renamed(one, case) for one in value]
    if not isinstance(value, dict):
        return value
    return {case(name[:1]) + name[1:]: one if name in FREE else renamed(one, case) for name, one in value.items()}
