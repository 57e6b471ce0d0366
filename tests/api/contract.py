"""Requests to /api/v1 whose answers are held against the OpenAPI document that the server itself serves."""
import json
import re
import urllib.parse

import jsonschema
import referencing
import referencing.jsonschema

_DOCUMENT = "urn:openapi"


class Contract:
    """Every call checks status, media type and body; `called` collects the operations that have succeeded."""

    def __init__(self, server):
        self.server = server
        self.document = json.loads(server.request("GET", "/api/v1/openapi.json")[2])
        resource = referencing.Resource.from_contents(self.document, referencing.jsonschema.DRAFT202012)
        self.registry = referencing.Registry().with_resource(_DOCUMENT, resource)
        self.called = set()

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in ("get", "post", "put", "patch", "delete"):
                if method in item:
                    yield method, path, item[method]

    def call(self, method, path, body=None, headers=None):
        """(status, headers, JSON or bytes). Fails when the answer is none that the document promises."""
        status, answered, data = self.server.request(method, "/api/v1" + path, body, headers)
        pattern, operation = self.find(method, urllib.parse.urlsplit(path).path)
        responses = operation["responses"]
        response = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
        assert response, f"{method} {pattern} answered {status}, which is not in the document: {data[:500]!r}"
        response = self.resolve(response)
        if status < 400:
            self.called.add((method.lower(), pattern))
        for name in response.get("headers", {}):
            assert name.lower() in answered, f"{method} {pattern}: {status} has no {name}"
        if "content" not in response:
            assert not data, f"{method} {pattern}: {status} has no content in the document, but {data[:200]!r} came"
            return status, answered, None
        media = answered.get("content-type", "").split(";")[0].strip()
        content = response["content"].get(media) or response["content"].get("*/*")
        assert content, f"{method} {pattern}: {status} came as {media!r}, expected one of {list(response['content'])}"
        if not media.endswith("json"):
            return status, answered, data
        value = json.loads(data)
        self.validate(value, content["schema"])
        if status >= 400:
            assert value["status"] == status, f"problem says {value['status']}, HTTP says {status}"
            assert value["detail"], "a problem without words"
        return status, answered, value

    def find(self, method, path):
        for other, pattern, operation in self.operations():
            expression = re.sub(r"\\\{path\\\}", ".+", re.escape(pattern))
            if other == method.lower() and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", expression), path):
                return pattern, operation
        raise AssertionError(f"the document has no {method} {path}")

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node

    def validate(self, value, schema):
        # References are relative to the document; a schema taken out of it must keep that base.
        text = json.dumps(schema).replace('"#/', f'"{_DOCUMENT}#/')
        jsonschema.Draft202012Validator(json.loads(text), registry=self.registry).validate(value)
