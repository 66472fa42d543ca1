import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'

suite('certificate authority', async () => {
  const authority = await createCertificateAuthority()

  test('a server certificate contains the loopback addresses and is signed by the authority', async () => {
    const certificate = new X509Certificate((await authority.issueServerCertificate()).certificate)

    assert.equal(certificate.verify(new X509Certificate(authority.ca).publicKey), true)
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
    assert.equal(certificate.checkIP('::1'), '::1')
    assert.equal(certificate.checkHost('localhost'), 'localhost')
    assert.equal(certificate.ca, false)
  })

  test('a server certificate can be issued for other names', async () => {
    const certificate = new X509Certificate((await authority.issueServerCertificate(['elsewhere.example'])).certificate)

    assert.equal(certificate.checkHost('elsewhere.example'), 'elsewhere.example')
    assert.equal(certificate.checkIP('127.0.0.1'), undefined)
  })

  test('two authorities do not verify certificates of each other', async () => {
    const other = await createCertificateAuthority()
    const certificate = new X509Certificate((await other.issueServerCertificate()).certificate)

    assert.equal(certificate.verify(new X509Certificate(authority.ca).publicKey), false)
  })
})
