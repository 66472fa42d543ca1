/** A version 4 UUID (RFC 9562 §5.4) from an injected random source, so that a seeded run is reproducible. */
export function newUid(random: () => number): string {
  const hex = Array.from({ length: 32 }, (_, place) => {
    const digit = Math.floor(random() * 16)
    return (place === 12 ? 4 : place === 16 ? (digit % 4) + 8 : digit).toString(16)
  }).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
