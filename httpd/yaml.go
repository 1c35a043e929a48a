package httpd

// The YAML endpoints read a definition in the language of package dsl; the rest is as for JSON.

import "github.com/segue-run/segue/dsl"

func (s *server) pushYAML(c *call) error {
	req, err := dsl.Decode(c.body)
	if err != nil {
		return err
	}
	return s.push(c, req)
}

func (s *server) validateYAML(c *call) error {
	req, err := dsl.Decode(c.body)
	if err != nil {
		return err
	}
	return s.validate(c, req)
}
