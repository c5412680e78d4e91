"""AWS Price List with a few products, and a history of Spot prices, both in pages: moto has no list, and one price for everything.

The form is that of the API Reference (`GetProducts`) and of "Reading the service price list files" in the AWS Billing User Guide. Every
type is listed as AWS lists it: once as anybody starts it, once of dedicated tenancy, once as capacity that was reserved, which costs 0.
"""

import json
import zlib

from moto.core.responses import ActionResult
from moto.ec2.responses.spot_instances import SpotInstances

# Products of one page, whatever is asked for, and Spot prices of one.
PAGE = 3
SPOT_PAGE = 100

REGION = "us-east-1"

# USD an hour: shared and dedicated.
INSTANCES = {
    "c7g.large": ("0.0725000000", "0.0770000000"),
    "c7g.xlarge": ("0.1450000000", "0.1541000000"),
    "c8i.xlarge": ("0.1874200000", "0.2061620000"),
    "g4dn.xlarge": ("0.5260000000", "0.5580000000"),
    "g6.xlarge": ("0.0000000000", "0.0000000000"),
}

# USD an hour by the kind of use. Of Fargate Spot the list says nothing.
FARGATE = {
    "USE1-Fargate-vCPU-Hours:perCPU": "0.0404800000",
    "USE1-Fargate-GB-Hours": "0.0044450000",
    "USE1-Fargate-ARM-vCPU-Hours:perCPU": "0.0323800000",
    "USE1-Fargate-ARM-GB-Hours": "0.0035600000",
    "USE1-Fargate-EphemeralStorage-GB-Hours": "0.0001110000",
    "USE1-Fargate-Windows-vCPU-Hours:perCPU": "0.0914800000",
    "USE1-ECS-Anywhere-Instance-hours-WithFree": "0.0102500000",
}


def install():
    """Changes moto: each zone has a price of its own, and an older one that no longer holds."""
    def history(self):
        types = self._get_param("InstanceTypes", [])
        offers = self.ec2_backend.describe_spot_price_history(types, self._filters_from_querystring())
        rows = [row for offer in offers for row in spot(offer["InstanceType"], offer["Location"])]
        begin = int(self._get_param("NextToken") or 0)
        end = begin + min(SPOT_PAGE, self._get_int_param("MaxResults", SPOT_PAGE))
        return ActionResult({"SpotPriceHistory": rows[begin:end], "NextToken": str(end) if end < len(rows) else ""})

    SpotInstances.describe_spot_price_history = history


def spot(name, zone):
    # Tenths of a cent by the letter of the zone: 0.0010 for `a`, 0.0020 for `b`.
    usd = (ord(zone[-1]) - ord("a") + 1) / 1000
    for price, hour in ((usd, 12), (9.0, 11)):
        yield {
            "InstanceType": name, "ProductDescription": "Linux/UNIX", "SpotPrice": f"{price:.6f}", "AvailabilityZone": zone,
            "Timestamp": f"2026-11-27T{hour}:00:00.000Z",
        }


def answer(asked):
    """What `GetProducts` answers."""
    found = [one for one in PRODUCTS[asked["ServiceCode"]] if all(has(one, wanted) for wanted in asked.get("Filters", []))]
    begin = int(asked.get("NextToken", "0"))
    end = begin + min(PAGE, asked.get("MaxResults", PAGE))
    told = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) for one in found[begin:end]]}
    return told | ({"NextToken": str(end)} if end < len(found) else {})


def has(one, wanted):
    """Whether a product fits a filter; letters may be of either case."""
    values = {"productFamily": one["product"]["productFamily"]} | one["product"]["attributes"]
    return values.get(wanted["Field"], "").lower() == wanted["Value"].lower()


def instances():
    for name, (shared, dedicated) in INSTANCES.items():
        yield instance(name, shared, "BoxUsage")
        yield instance(name, dedicated, "DedicatedUsage", tenancy="Dedicated")
        yield instance(name, "0.0000000000", "Reservation", capacitystatus="AllocatedCapacityReservation")
    yield instance("c7g.large", "0.1645000000", "BoxUsage", operatingSystem="Windows", licenseModel="License Included")


def instance(name, usd, usage, **more):
    attributes = {
        "servicecode": "AmazonEC2", "regionCode": REGION, "location": "US East (N. Virginia)", "locationType": "AWS Region",
        "instanceType": name, "operatingSystem": "Linux", "preInstalledSw": "NA", "tenancy": "Shared", "capacitystatus": "Used",
        "marketoption": "OnDemand", "licenseModel": "No License required", "operation": "RunInstances", "usagetype": f"{usage}:{name}",
    }
    return product("Compute Instance", attributes | more, usd, "Hrs")


def product(family, attributes, usd, unit):
    sku = f"{zlib.crc32(json.dumps(attributes).encode()):016X}"
    term, rate = f"{sku}.JRTCKXETXF", f"{sku}.JRTCKXETXF.6YS6EN2CT7"
    dimension = {
        "unit": unit, "beginRange": "0", "endRange": "Inf", "appliesTo": [], "rateCode": rate, "description": f"${usd} per {unit}",
        "pricePerUnit": {"USD": usd},
    }
    terms = {"priceDimensions": {rate: dimension}, "sku": sku, "offerTermCode": "JRTCKXETXF", "termAttributes": {}}
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku}, "serviceCode": attributes["servicecode"],
        "terms": {"OnDemand": {term: terms | {"effectiveDate": "2026-11-01T00:00:00Z"}}},
        "version": "20261120184520", "publicationDate": "2026-11-20T18:45:20Z",
    }


def fargate():
    for usage, usd in FARGATE.items():
        attributes = {"servicecode": "AmazonECS", "regionCode": REGION, "location": "US East (N. Virginia)", "usagetype": usage}
        yield product("Compute", attributes, usd, "hours")


PRODUCTS = {"AmazonEC2": list(instances()), "AmazonECS": list(fargate())}
