"""Amazon ECR in front of a real registry: moto knows repositories, and takes no image.

Once a test has named a registry on this machine, its repositories lie there, and what is asked of their images is asked of it.
"""

import base64
import urllib.error
import urllib.request

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

# Everything that may stand behind a tag.
ACCEPT = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


class Place:
    """The registry: host, port, and nothing where there is none."""

    registry = None

    def has(self, account, repository, tag):
        login = base64.b64encode(f"AWS:{account}-auth-token".encode()).decode()
        headers = {"Accept": ACCEPT, "Authorization": f"Basic {login}"}
        asked = urllib.request.Request(f"http://{self.registry}/v2/{repository}/manifests/{tag}", method="HEAD", headers=headers)
        try:
            return urllib.request.urlopen(asked).status == 200
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False


def install():
    """Changes moto and returns what a test may set."""
    place = Place()
    describe, get = ECRResponse.describe_repositories, ECRResponse.batch_get_image

    def describe_repositories(self):
        if place.registry:
            for repository in self.ecr_backend.repositories.values():
                repository.uri = f"{place.registry}/{repository.name}"
        return describe(self)

    def batch_get_image(self):
        if not place.registry:
            return get(self)
        name = self._get_param("repositoryName")
        tags = [one["imageTag"] for one in self._get_param("imageIds")]
        there = [tag for tag in tags if place.has(self.current_account, name, tag)]
        return ActionResult({
            "images": [{"repositoryName": name, "imageId": {"imageTag": tag}} for tag in there],
            "failures": [{"imageId": {"imageTag": tag}, "failureCode": "ImageNotFound"} for tag in tags if tag not in there],
        })

    ECRResponse.describe_repositories, ECRResponse.batch_get_image = describe_repositories, batch_get_image
    return place
