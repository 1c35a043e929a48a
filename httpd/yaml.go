package httpd

import "github.com/segue-run/segue/dsl"

// pushYAML is pushJSON for a definition in the language of package dsl.
func (s *server) pushYAML(c *call) error {
	req, err := dsl.Decode(c.body)
	if err != nil {
		return err
	}
	return s.push(c, req)
}

// validateYAML is validateJSON for a definition in the language of package dsl.
func (s *server) validateYAML(c *call) error {
	req, err := dsl.Decode(c.body)
	if err != nil {
		return err
	}
	return s.validate(c, req)
}
