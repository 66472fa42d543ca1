import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { evaluateExpression } from '../../../../sandbox/google/cel/evaluate-expression.ts'
import { ExpressionFlaw } from '../../../../sandbox/google/cel/expression-flaw.ts'
import { parseExpression } from '../../../../sandbox/google/cel/parse-expression.ts'

const scope = {
  assertion: {
    sub: 'system:serviceaccount:image-system:pullpass',
    aud: ['one', 'two'],
    exp: 1795525200,
    'kubernetes.io': { namespace: 'image-system', serviceaccount: { name: 'pullpass' } },
    ref_protected: true,
  },
  google: { subject: 's', groups: ['admins'] },
  attribute: { namespace: 'image-system' },
}
const evaluate = (text: string) => evaluateExpression(parseExpression(text, Object.keys(scope)), scope)

suite('a CEL expression', () => {
  const values: Record<string, unknown> = {
    'assertion.sub': 'system:serviceaccount:image-system:pullpass',
    "assertion['kubernetes.io']['namespace']": 'image-system',
    'assertion["kubernetes.io"].serviceaccount.name': 'pullpass',
    "assertion['kubernetes.io']['namespace'] == 'image-system'": true,
    "assertion.sub != 'x'": true,
    "assertion.sub == 'x' || attribute.namespace == 'image-system'": true,
    "assertion.sub == 'x' && attribute.namespace == 'image-system'": false,
    'true || false && false': true,
    '(true || false) && false': false,
    "attribute.namespace in ['image-system', 'default']": true,
    "'admins' in google.groups": true,
    "'one' in assertion.aud && !('three' in assertion.aud)": true,
    "'sub' in assertion": true,
    "assertion.sub.startsWith('system:serviceaccount:image-system:')": true,
    "assertion.sub.endsWith(':default')": false,
    "assertion.sub.contains('image')": true,
    "'ns/' + attribute.namespace": 'ns/image-system',
    'assertion.aud[1]': 'two',
    'assertion.exp > 1795521600': true,
    'has(assertion.sub) && !has(assertion.email)': true,
    'assertion.ref_protected == true': true,
    "google.subject == 's'": true,
    "\"it\\'s\" == 'it\\'s'": true,
    "assertion.absent == 'x' || true": true,
    "assertion.absent == 'x' && false": false,
    '"" == \'\'': true,
  }
  for (const [text, value] of Object.entries(values))
    test(`${text} is ${JSON.stringify(value)}`, () => assert.deepEqual(evaluate(text), value))

  const errors: Record<string, string> = {
    'assertion.absent': 'no such key: "absent"',
    "assertion.absent == 'x' || false": 'no such key: "absent"',
    'assertion.exp == 1 || assertion.sub': 'no such overload',
    "assertion.exp.startsWith('1')": 'no such overload',
    'assertion.sub < 1': 'no such overload',
    'assertion.aud[2]': 'no such key: 2',
    "'x' in assertion.sub": 'no such overload',
  }
  for (const [text, message] of Object.entries(errors))
    test(`${text} has no value`, () => assert.throws(() => evaluate(text), new ExpressionFlaw(message)))

  const flaws: Record<string, RegExp> = {
    '': /unexpected end/,
    'assertion.': /unexpected end/,
    'sub == 1': /^undeclared reference to 'sub'$/,
    "assertion.sub.matches('x')": /^undeclared reference to 'matches'$/,
    'size(assertion.aud) == 1': /^undeclared reference to 'size'$/,
    'assertion.sub.startsWith()': /^found no matching overload for 'startsWith'$/,
    "assertion.sub = 'x'": /token recognition error at: '='/,
    "assertion.sub == 'x": /token recognition error at: '''/,
    "assertion.sub == 'x' 'y'": /mismatched input ''y''/,
    'assertion.sub ? true : false': /token recognition error at: '\?'/,
    'has(assertion)': /^invalid argument to has\(\) macro$/,
    '((true)': /unexpected end/,
    "assertion['sub'": /unexpected end/,
  }
  for (const [text, message] of Object.entries(flaws))
    test(`${text} is refused`, () =>
      assert.throws(
        () => parseExpression(text, Object.keys(scope)),
        (error: unknown) => error instanceof ExpressionFlaw && message.test(error.message),
      ))

  test('whatever is written has a value or a flaw, and breaks nothing', () => {
    const piece = fc.constantFrom(
      'assertion',
      '.sub',
      "['aud']",
      ' == ',
      ' in ',
      "'x'",
      '[',
      ']',
      '(',
      ')',
      '!',
      ' && ',
      ' || ',
      '1',
      ', ',
      'has(',
      '.startsWith(',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            evaluate(text)
          } catch (error) {
            assert.ok(error instanceof ExpressionFlaw)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('nested a thousand deep is refused', () => {
    assert.throws(() => evaluate('('.repeat(1000)), ExpressionFlaw)
    assert.throws(() => evaluate('!'.repeat(1000)), ExpressionFlaw)
  })
})
