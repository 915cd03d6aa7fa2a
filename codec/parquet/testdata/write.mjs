// Writes hyparquet.parquet next to this file, with hyparquet-writer: every encoding that it has, without
// compression, which lets a fuzzer get to the values.
import { writeFileSync } from 'node:fs'
import { parquetWriteBuffer } from 'hyparquet-writer'

const n = 40
const column = (name, type, encoding, f) => ({ name, type, encoding, data: Array.from({ length: n }, (_, i) => (i % 5 === 3 ? null : f(i))) })
const buffer = parquetWriteBuffer({
  codec: 'UNCOMPRESSED',
  rowGroupSize: 25,
  pageSize: 100,
  columnData: [
    column('plain', 'INT32', 'PLAIN', (i) => i * 1000),
    column('delta', 'INT64', 'DELTA_BINARY_PACKED', (i) => BigInt(i * i) * 12345678901n),
    column('split', 'DOUBLE', 'BYTE_STREAM_SPLIT', (i) => i / 8),
    column('flag', 'BOOLEAN', 'RLE', (i) => i % 3 === 0),
    column('dictionary', 'STRING', 'RLE_DICTIONARY', (i) => `value ${i % 3}`),
    column('lengths', 'STRING', 'DELTA_LENGTH_BYTE_ARRAY', (i) => 'x'.repeat(i % 7)),
    column('prefixes', 'STRING', 'DELTA_BYTE_ARRAY', (i) => `prefix ${i >> 2} ${i}`),
    column('time', 'TIMESTAMP', 'PLAIN', (i) => new Date(i * 86400000)),
    column('uuid', 'UUID', 'PLAIN', (i) => `00000000-0000-0000-0000-0000000000${String(10 + i)}`),
    column('half', 'FLOAT16', 'PLAIN', (i) => i / 2),
    column('json', 'JSON', 'PLAIN', (i) => ({ i })),
  ],
})
writeFileSync(new URL('hyparquet.parquet', import.meta.url), new Uint8Array(buffer))
