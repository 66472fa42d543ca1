/** CRC-32C of bytes (RFC 3720 §B.4), big-endian in base64, as Cloud Storage reports it. */

const table = Array.from({ length: 256 }, (_, index) => {
  let remainder = index
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  return remainder >>> 0
})

export function crc32c(bytes: Buffer): string {
  let remainder = 0xffffffff
  for (const byte of bytes) remainder = (table[(remainder ^ byte) & 0xff] ?? 0) ^ (remainder >>> 8)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE((remainder ^ 0xffffffff) >>> 0)
  return sum.toString('base64')
}
