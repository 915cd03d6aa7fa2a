package memory_test

import (
	"testing"

	"edgeframe/kv"
	"edgeframe/kv/kvtest"
	"edgeframe/kv/memory"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Driver { return memory.New() })
}
