/**
 * Preloaded into pullpass: makes this machine's certificate authority a public one, and its names resolve to a public address.
 * A test cannot otherwise have a certificate for Google's names; nothing else of pullpass changes.
 */
import dns from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'

const authority = readFileSync(process.env['NODE_EXTRA_CA_CERTS'] ?? '', 'utf8')
const getCACertificates = tls.getCACertificates
tls.getCACertificates = (kind) => [...getCACertificates(kind), authority]
const publicAddress = { address: '142.250.0.1', family: 4 }
Object.assign(dns, { lookup: () => Promise.resolve([publicAddress]) })
syncBuiltinESMExports()
