import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { showUrl } from '../../src/text/show.ts'

suite('a URL that is shown', () => {
  const shown: Record<string, string> = {
    'https://bucket.s3.amazonaws.com/a/b?X-Amz-Signature=0123#c': 'https://bucket.s3.amazonaws.com/a/b',
    'https://user:hunter2@registry.example.com:5000/v2/': 'https://registry.example.com:5000/v2/',
    'http://127.0.0.1:8080': 'http://127.0.0.1:8080',
    'http://[::1]:8080/?sig=abc': 'http://[::1]:8080',
    'hunter2 is not an address': 'an invalid URL',
  }
  for (const [url, expected] of Object.entries(shown)) {
    test(`is ${expected}`, () => assert.equal(showUrl(url), expected))
  }
})
