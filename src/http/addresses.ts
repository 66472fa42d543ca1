/**
 * Private, loopback, link-local and reserved addresses, which cannot be reached from the internet; and DNS resolution.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
 */
import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { AddressPrivate } from './transport.ts'

const ranges: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['168.63.129.16', 32], // the host of a virtual machine, in one cloud
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 96], // also ::1, and the deprecated form of IPv4 addresses
  ['::ffff:0:0:0', 96], // stateless translation of IPv4 addresses
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['100:0:0:1::', 64],
  ['2001::', 32], // Teredo
  ['2001:2::', 48],
  ['2001:20::', 28],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

const listed = new BlockList()
for (const [address, bits] of ranges) {
  listed.addSubnet(address, bits, address.includes(':') ? 'ipv6' : 'ipv4')
  if (address.includes(':')) continue
  // Translated addresses lead to the IPv4 address in them: NAT64 (RFC 6052 §2.1) and 6to4 (RFC 3056 §2).
  listed.addSubnet(`64:ff9b::${address}`, 96 + bits, 'ipv6')
  const digits = Buffer.from(address.split('.').map(Number)).toString('hex')
  listed.addSubnet(`2002:${digits.slice(0, 4)}:${digits.slice(4)}::`, 16 + bits, 'ipv6')
}

/** `address`: from a resolver; an IPv6 address that contains an IPv4 address (mapped, NAT64, 6to4) is treated as that. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && listed.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Resolves as the connection does by default, and offers it only public addresses: what is checked is what is used, whatever the
 * name resolves to later. https://nodejs.org/api/net.html#socketconnectoptions-connectlistener
 */
export const publicLookup =
  (resolve: LookupAll = lookup): LookupFunction =>
  (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      const [first, ...others] = found.filter(({ address }) => !isPrivateAddress(address))
      if (first === undefined) callback(new AddressPrivate(found.map(({ address }) => address)), [])
      else if (options.all === true) callback(null, [first, ...others])
      else callback(null, first.address, first.family)
    })
  }

type LookupAll = (
  name: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

/** All addresses of `name`; empty if it cannot be resolved: the request to it then fails with the cause. */
export async function resolveAddresses(name: string): Promise<readonly string[]> {
  const { lookup: resolve } = await import('node:dns/promises')
  try {
    return (await resolve(name, { all: true })).map(({ address }) => address)
  } catch {
    return [] // any resolver error; the request to the name reports it
  }
}
