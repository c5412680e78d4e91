"""Service Quotas with the quotas of an account that has run instances, but none with graphics cards: moto has those of networks alone."""

import json

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

# vCPUs by code. What nobody ever asked to be changed is known as a default alone.
CHANGED = {"L-34B43A08": 640.0, "L-1216C47A": 640.0, "L-3819A6DF": 0.0, "L-DB2E81BA": 0.0}
DEFAULT = {"L-36FBB829": 6.0, "L-3032A538": 6.0}


def install():
    def changed(_self, service_code, quota_code):
        return quota(CHANGED, service_code, quota_code)

    def default(self):
        asked = json.loads(self.body)
        return json.dumps({"Quota": quota(DEFAULT, asked["ServiceCode"], asked["QuotaCode"])})

    ServiceQuotasBackend.get_service_quota = changed
    ServiceQuotasResponse.get_aws_default_service_quota = default


def quota(values, service, code):
    if code not in values:
        raise NoSuchResource
    return {"ServiceCode": service, "QuotaCode": code, "Value": values[code], "Unit": "None", "Adjustable": True}
