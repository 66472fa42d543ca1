/** Every address that a name stands for, as this machine resolves it. */

/** Empty where it cannot be resolved: whoever connects tells why. */
export async function lookUpAddresses(name: string): Promise<readonly string[]> {
  const { lookup } = await import('node:dns/promises')
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address)
  } catch {
    return [] // the request to that name fails by the same cause, in words
  }
}
