"""What AWS Batch has against the containers of job definitions, and against what a submission would change in them."""

import re

# AWS Batch API Reference, "ResourceRequirement": the MiB that Fargate allows with so many vCPUs.
FARGATE = {
    0.25: [512, 1024, 2048],
    0.5: range(1024, 4097, 1024),
    1: range(2048, 8193, 1024),
    2: range(4096, 16385, 1024),
    4: range(8192, 30721, 1024),
    8: range(16384, 61441, 4096),
    16: range(32768, 122881, 8192),
}
EPHEMERAL_GIB = range(21, 201)

# What only one of the two platforms has.
ONLY_FARGATE = ("fargatePlatformConfiguration", "ephemeralStorage", "runtimePlatform", "networkConfiguration")
REFERENCE = re.compile(r"Ref::([A-Za-z0-9_-]+)")


def container_of(asked):
    """The one container that a definition is about; of a multi-node one that of its first range."""
    ranges = (asked.get("nodeProperties") or {}).get("nodeRangeProperties") or [{}]
    return asked.get("containerProperties") or ranges[0].get("container")


def command_problems(command, parameters):
    if "" in command:
        yield "a word of the command is empty"
    for word in command:
        if any(parameters.get(name) == "" for name in REFERENCE.findall(word)):
            yield f"`{word}` stands for an empty text, and no word of a command may be empty"


def environment_problems(environment):
    for variable in environment:
        if variable.get("name", "").startswith("AWS_BATCH"):
            yield f"the variable {variable['name']} begins with AWS_BATCH, which is reserved"


def requirements(container):
    named = {one["type"]: one["value"] for one in container.get("resourceRequirements", [])}
    old = {"VCPU": container.get("vcpus"), "MEMORY": container.get("memory")}
    return {name: str(value) for name, value in old.items() if value is not None} | named


def resource_problems(container, fargate, whole=False):
    """What is wrong with vCPUs, memory and GPUs; `whole` where both of the first have to be there."""
    listed = [one["type"] for one in container.get("resourceRequirements", [])]
    if len(set(listed)) != len(listed):
        yield "resourceRequirements names one type twice"
    needs = requirements(container)
    for name in ("VCPU", "MEMORY"):
        if whole and name not in needs:
            yield f"resourceRequirements lacks {name}"
    try:
        vcpus, memory, gpus = float(needs.get("VCPU", 1)), int(needs.get("MEMORY", 4)), int(needs.get("GPU", 1))
    except ValueError:
        yield f"resourceRequirements {needs} are not numbers"
        return
    if not fargate and (vcpus < 1 or vcpus != int(vcpus)):
        yield f"VCPU is {needs['VCPU']}, on EC2 it has to be a whole number of at least 1"
    if memory < 4 or gpus < 1:
        yield "MEMORY has to be at least 4 MiB, and GPU at least 1 where it is given"
    if fargate and "GPU" in needs:
        yield "Fargate has no GPU"
    if fargate and whole and memory not in FARGATE.get(vcpus, []):
        yield f"Fargate does not have {vcpus:g} vCPU with {memory} MiB"


def platform(container, fargate):
    if not container.get("image"):
        yield "the container has no image"
    if fargate and not container.get("executionRoleArn"):
        yield "a job on Fargate needs executionRoleArn"
    if fargate and (container.get("privileged") or container.get("linuxParameters", {}).get("devices") or container.get("instanceType")):
        yield "Fargate has no privileged containers, no devices and no instance types"
    volumes = {one["name"]: one for one in container.get("volumes", [])}
    for name, volume in volumes.items():
        if fargate and "host" in volume:
            yield f"the volume {name} is a directory of a host, which Fargate has not"
        if not fargate and "s3filesVolumeConfiguration" in volume:
            yield f"the volume {name} is of Amazon S3 Files, which jobs on instances cannot have"
    for point in container.get("mountPoints", []):
        if point.get("sourceVolume") not in volumes:
            yield f"there is no volume {point.get('sourceVolume')}"
    for name in ONLY_FARGATE:
        if not fargate and name in container:
            yield f"{name} is for Fargate only"
    if (size := container.get("ephemeralStorage", {}).get("sizeInGiB")) is not None and size not in EPHEMERAL_GIB:
        yield f"ephemeralStorage is {size} GiB, it has to be 21 to 200"


def nodes(asked, fargate):
    about = asked.get("nodeProperties")
    if about is None or "containerProperties" in asked:
        yield "a definition of type multinode needs nodeProperties and no containerProperties"
        return
    if fargate:
        yield "multi-node jobs do not run on Fargate"
    if not 0 <= about["mainNode"] < about["numNodes"]:
        yield f"mainNode is {about['mainNode']} of {about['numNodes']} nodes"
    if about["numNodes"] != 1 or len(about["nodeRangeProperties"]) != 1:
        yield "THE DOUBLE, not AWS: multi-node jobs of more than one node are not played here"
    for one in about["nodeRangeProperties"]:
        if not re.fullmatch(r"\d*:\d*|\d+", one["targetNodes"]):
            yield f"targetNodes is `{one['targetNodes']}`, no range such as `0:`"


def overrides(asked, definition):
    """What a submission may not change in its definition."""
    container, node = asked.get("containerOverrides"), asked.get("nodeOverrides")
    fargate = "FARGATE" in (definition.platform_capabilities or [])
    base = container_of(definition.asked) or {}
    parameters = {**(definition.asked.get("parameters") or {}), **asked.get("parameters", {})}
    if container is not None and "ecsProperties" in definition.asked:
        yield f"containerOverrides are not for {definition.name}, which has ecsProperties (ecsPropertiesOverride is)"
    if definition.type == "multinode":
        if container is not None or "arrayProperties" in asked:
            yield f"containerOverrides and arrayProperties are not for the multi-node definition {definition.name} (nodeOverrides is)"
    elif node is not None:
        yield f"nodeOverrides are not for {definition.name}, which is a container definition (containerOverrides is)"
    for one in (node or {}).get("nodePropertyOverrides", []):
        if not re.fullmatch(r"\d*:\d*|\d+", one["targetNodes"]):
            yield f"targetNodes is `{one['targetNodes']}`, no range such as `0:`"
    if container and "instanceType" in container:
        yield "containerOverrides.instanceType is for multi-node jobs only"
    if container and fargate and ("vcpus" in container or "memory" in container):
        yield "vcpus and memory are not for Fargate (resourceRequirements is)"
    changed = changes(asked)
    yield from command_problems(changed.get("command") or base.get("command", []), parameters)
    yield from environment_problems(changed.get("environment", []))
    if changed.get("resourceRequirements"):
        yield from resource_problems(changed, fargate)
        needs = requirements(base) | requirements(changed)
        both = {"resourceRequirements": [{"type": name, "value": value} for name, value in needs.items()]}
        yield from resource_problems(both, fargate, whole=True)


def changes(asked):
    """What a submission changes in the container; of a multi-node job in that of its node."""
    nodes = (asked.get("nodeOverrides") or {}).get("nodePropertyOverrides") or [{}]
    return asked.get("containerOverrides") or nodes[0].get("containerOverrides") or {}
