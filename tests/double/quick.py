"""Makes moto's import of EC2 quick: it only asks in which Regions EC2 is, and botocore reads the largest of its models for that.

This module has to be imported before moto.
"""

from botocore.session import Session

whole = Session.get_service_data


def get_service_data(self, service_name, api_version=None):
    if service_name == "ec2":
        return {"metadata": {"endpointPrefix": "ec2"}}
    return whole(self, service_name, api_version)


Session.get_service_data = get_service_data
