/**
 * Loaded into pullpass before anything else: makes the internet of this machine look like the internet. Its certificate
 * authority counts among those that everybody trusts, and its names stand for a public address. No test can hold a
 * certificate for Google's names otherwise; nothing else of pullpass is touched.
 */
import dns from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'

const authority = readFileSync(process.env['NODE_EXTRA_CA_CERTS'] ?? '', 'utf8')
const own = tls.getCACertificates
tls.getCACertificates = (kind) => [...own(kind), authority]
const publicAddress = { address: '142.250.0.1', family: 4 }
Object.assign(dns, { lookup: () => Promise.resolve([publicAddress]) })
syncBuiltinESMExports()
