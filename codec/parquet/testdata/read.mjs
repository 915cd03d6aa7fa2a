// Reads a Parquet file with hyparquet: "rows" prints them as JSON, "sums" what the values of each
// column add up to.
import { readFileSync } from 'node:fs'
import { parquetRead, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const [mode, path] = process.argv.slice(2)
const bytes = readFileSync(path)
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const hex = (b) => b && Buffer.from(b).toString('hex')
const parsers = {
  timestampFromMilliseconds: (v) => v,
  timestampFromMicroseconds: (v) => v,
  timestampFromNanoseconds: (v) => v,
  dateFromDays: (v) => v,
  uuidFromBytes: hex,
}
const plain = (_, v) => {
  if (typeof v === 'bigint') return String(v)
  if (v instanceof Uint8Array) return hex(v)
  if (ArrayBuffer.isView(v)) return Array.from(v)
  return v === undefined ? null : v
}

if (mode === 'rows') {
  const rows = await parquetReadObjects({ file, compressors, parsers })
  console.log(JSON.stringify(rows, plain))
} else {
  const columns = {}
  await parquetRead({
    file,
    compressors,
    parsers,
    onChunk({ columnName, columnData }) {
      const c = (columns[columnName] ??= { count: 0, nulls: 0, sum: 0n })
      for (const v of columnData) {
        c.count++
        if (v === null || v === undefined) c.nulls++
        else if (typeof v === 'string') for (const b of Buffer.from(v)) c.sum = c.sum * 31n + BigInt(b) & 0xffffffffn
        else c.sum += BigInt(v)
      }
    },
  })
  for (const c of Object.values(columns)) c.sum = String(c.sum)
  console.log(JSON.stringify(columns))
}
