/**
 * Whether an address is one that the internet does not lead to: private, loopback, link-local, or set aside.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { BlockList, isIP } from 'node:net'

const ranges: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 128],
  ['::1', 128],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
]

const listed = new BlockList()
for (const [address, bits] of ranges) listed.addSubnet(address, bits, address.includes(':') ? 'ipv6' : 'ipv4')

/** `address`: of a resolver, IPv4 or IPv6 (an IPv4 address in IPv6's form is judged as what it stands for). */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && listed.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

// Every address that a name stands for, as this machine resolves it.

/** Empty where it cannot be resolved: whoever connects tells why. */
export async function lookUpAddresses(name: string): Promise<readonly string[]> {
  const { lookup } = await import('node:dns/promises')
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address)
  } catch {
    return [] // the request to that name fails by the same cause, in words
  }
}
