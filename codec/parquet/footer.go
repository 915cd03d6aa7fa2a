package parquet

import (
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// fileFooter is the part of format.FileMetaData that is used, and so are the types below. The library
// requires the value of a pair, which is optional in the standard, and it would read the statistics of
// every column chunk.
type fileFooter struct {
	Schema              thrift.Slice[format.SchemaElement] `thrift:"2,required"`
	NumRows             int64                              `thrift:"3,required"`
	RowGroups           thrift.Slice[rowGroup]             `thrift:"4,required"`
	KeyValueMetadata    thrift.Slice[pair]                 `thrift:"5,optional"`
	EncryptionAlgorithm format.EncryptionAlgorithm         `thrift:"8,optional"`
}

type pair struct {
	Key   string `thrift:"1,required"`
	Value string `thrift:"2,optional"`
}

type rowGroup struct {
	Columns thrift.Slice[columnChunk] `thrift:"1,required"`
	NumRows int64                     `thrift:"3,required"`
}

type columnChunk struct {
	FilePath                string                      `thrift:"1,optional"`
	MetaData                chunkMetadata               `thrift:"3,optional"`
	CryptoMetadata          format.ColumnCryptoMetaData `thrift:"8,optional"`
	EncryptedColumnMetadata []byte                      `thrift:"9,optional"`
}

type chunkMetadata struct {
	Type                 format.Type             `thrift:"1,required"`
	Codec                format.CompressionCodec `thrift:"4,required"`
	NumValues            int64                   `thrift:"5,required"`
	TotalCompressedSize  int64                   `thrift:"7,required"`
	DataPageOffset       int64                   `thrift:"9,required"`
	DictionaryPageOffset int64                   `thrift:"11,optional"`
}
