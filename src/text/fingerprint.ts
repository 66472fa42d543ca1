/**
 * FNV-1a of 64 bits, as 16 hexadecimal digits: a name or a checksum of text, where node:crypto would cost 6 ms of CPU. It detects
 * accidents only: texts with equal fingerprints can be constructed. https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
 */
export function fingerprint(text: string): string {
  let hash = 0xcb_f2_9c_e4_84_22_23_25n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x1_00_00_00_01_b3n)
  return hash.toString(16).padStart(16, '0')
}
