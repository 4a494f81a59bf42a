// Writes the SDKs that `pulumi package add` would make of a component's schema, with Pulumi's own generators:
//
//	sdks SCHEMA.json FOLDER
//
// FOLDER then holds nodejs/, python/ and go/.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gocode "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "sdks"

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: sdks SCHEMA.json FOLDER"))
	}
	pkg, err := bind(os.Args[1])
	fail(err)
	inNode, err := nodejs.GeneratePackage(tool, pkg, nil, nil, true, nil)
	fail(err)
	inPython, err := python.GeneratePackage(tool, pkg, nil, nil)
	fail(err)
	inGo, err := gocode.GeneratePackage(tool, pkg, nil)
	fail(err)
	for language, files := range map[string]map[string][]byte{"nodejs": inNode, "python": inPython, "go": inGo} {
		fail(write(filepath.Join(os.Args[2], language), files))
	}
}

// bind reads the schema and refuses what Pulumi's generators can't work with.
func bind(path string) (*schema.Package, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	pkg, diagnostics, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err == nil && len(diagnostics) > 0 {
		err = diagnostics
	}
	return pkg, err
}

func write(folder string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "sdks:", err)
		os.Exit(1)
	}
}
