"""Runs commands of tccli, one a line, with Tencent's Python client: the same models, without the 600 MB of all products.

Prints a line of JSON for each: the response, or the code of the error. An unknown parameter is an error.
"""

import json
import os
import shlex
import sys
import warnings

import certifi
from tencentcloud.cam.v20190116 import cam_client, models as cam_models
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sts.v20180813 import models as sts_models, sts_client
from tencentcloud.tcr.v20190924 import models as tcr_models, tcr_client

certifi.where = lambda: os.environ["CA_FILE"]  # the client has no setting for it
warnings.simplefilter("error", UserWarning)
services = {
    "cam": (cam_client.CamClient, cam_models),
    "sts": (sts_client.StsClient, sts_models),
    "tcr": (tcr_client.TcrClient, tcr_models),
}


def credential_for(service, endpoint):
    """A session of the role for the registry, by the client's own exchange of the token in the file."""
    if service != "tcr":
        return credential.EnvironmentVariableCredential().get_credential()
    with open(os.environ["TOKEN_FILE"]) as file:
        token = file.read()
    return credential.OIDCRoleArnCredential(
        "eu-frankfurt", "cluster", token, os.environ["ROLE_ARN"], "contract", endpoint=endpoint
    )


def run(words):
    _, service, action, *options = words
    fields = dict(zip((name[2:] for name in options[::2]), options[1::2]))
    endpoint, region = fields.pop("endpoint"), fields.pop("region")
    create, models = services[service]
    profile = ClientProfile(httpProfile=HttpProfile(endpoint=endpoint))
    client = create(credential_for(service, endpoint), region, profile)
    request = getattr(models, action + "Request")()
    values = {name: json.loads(value) if value[:1] in "[0123456789" else value for name, value in fields.items()}
    request.from_json_string(json.dumps(values))
    return json.loads(getattr(client, action)(request).to_json_string())


for line in sys.stdin:
    try:
        print(json.dumps(run(shlex.split(line))), flush=True)
    except TencentCloudSDKException as error:
        print(json.dumps({"error": error.code, "message": error.message}), flush=True)
