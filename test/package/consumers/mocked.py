"""Runs a Pulumi program against Pulumi's own mocks and prints, as JSON, the resources that it registers."""

import importlib
import json
import sys

import pulumi

registered = []


class Recording(pulumi.runtime.Mocks):
    def new_resource(self, args):
        registered.append({"type": args.typ, "name": args.name, "inputs": args.inputs})
        return args.name, args.inputs

    def call(self, args):
        raise NotImplementedError(args.token)


pulumi.runtime.set_mocks(Recording())


@pulumi.runtime.test
def run():
    importlib.import_module(sys.argv[1])


run()
print(json.dumps(registered))
