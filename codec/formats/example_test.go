package formats_test

import (
	"fmt"
	"os"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
	"edgeframe/codec/scalar"
)

// The format of a file is found by its name, its media type or its content.
func ExampleDetect() {
	file := []byte("item;price\napple;1,5\npear;0,8\n")
	format := formats.Detect(file)
	table, err := format.Decode(file, codec.ReadOptions{Options: delimited.Options{Decimal: ','}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, field := range table.Schema.Fields() {
		fmt.Println(field.Name, scalar.DType(field.Type))
	}
	if err := formats.ByName("ndjson").Encode(os.Stdout, table, codec.WriteOptions{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// item utf8
	// price float64
	// {"item":"apple","price":1.5}
	// {"item":"pear","price":0.8}
}
