package bind

import (
	"testing"

	"nordlys/internal/kql/catalog"
)

// Every plugin of the catalogue is bound, and no name is both bound and refused.
func TestPluginsAndCatalogueAgree(t *testing.T) {
	b := &binder{}
	for _, name := range catalog.Builtin().Names(catalog.Plugin) {
		if b.pluginFunc(name) == nil {
			t.Errorf("plugin %s is in the catalogue and not bound", name)
		}
	}
	for name := range refusedPlugins {
		if _, ok := catalog.Builtin().Plugin(name); ok || b.pluginFunc(name) != nil {
			t.Errorf("plugin %s is bound and said to be missing", name)
		}
	}
}
