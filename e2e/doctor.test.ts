/**
 * The command that doctor prints mends what it found: run as it stands, by `sh`, with the real kubectl and pullpass, at a
 * real API server. (Commands of gcloud: e2e/gcloud.test.ts.)
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { cloudFaults } from './doctor/cloud-faults.ts'
import { clusterFaults } from './doctor/cluster-faults.ts'
import { type DoctorGround, openGround } from './doctor/open-ground.ts'
import { podFaults } from './doctor/pod-faults.ts'
import type { RealFault } from './doctor/real-fault.ts'
import { secretFaults } from './doctor/secret-faults.ts'
import { startDoctorStage } from './doctor/start-doctor-stage.ts'
import { writeFaults } from './doctor/write-faults.ts'
import { withRealPart } from './parts/real-part.ts'

const faults: readonly RealFault[] = [...secretFaults, ...podFaults, ...clusterFaults, ...cloudFaults, ...writeFaults]

interface Shown {
  readonly hop: string
  readonly result: string
  readonly code: string
  readonly about: string
  readonly seen: string
  readonly fix?: string
  readonly command?: string
}

async function examine({ stage, file, namespace, system }: DoctorGround, fault: RealFault, variables = {}) {
  const pod = fault.everywhere ? '' : ` --pod ${namespace}/web-0`
  const refresher = fault.refresher === undefined ? '' : ` --service-account ${system}/pullpass`
  const { stdout, stderr, exitCode } = await stage.sh(`pullpass doctor -f ${file}${pod}${refresher} -o json`, variables)
  assert.equal(stderr, '')
  const { findings }: { findings: Shown[] } = JSON.parse(stdout)
  const told = findings.map((one) => `${one.hop} ${one.result} ${one.code} ${one.about}: ${one.seen}`).join('\n')
  return { exitCode, told, standing: findings.filter(({ result }) => result === 'failed' || result === 'warning') }
}

async function seeItMended(ground: DoctorGround, fault: RealFault): Promise<void> {
  const { standing, told } = await examine(ground, fault, await fault.as?.(ground))
  const first = standing.find(({ result }) => result === (fault.result ?? 'failed'))
  assert.deepEqual([first?.hop, first?.code], [fault.hop, fault.code], told)
  const command = commandFor(first, fault, ground).replace(
    '--image IMAGE',
    '--image registry.example.com/pullpass:1.0.0',
  )
  const { sh, shAtTerminal } = ground.stage
  const ended = await (fault.where === 'terminal' ? shAtTerminal(command) : sh(command))
  assert.equal(ended.exitCode, 0, `${command}\n${ended.stdout}${ended.stderr}`)
  await ground.awaitPod()
  const after = await examine(ground, fault, await fault.as?.(ground))
  assert.deepEqual(
    after.standing.map(({ result, code }) => [result, code]),
    fault.leaves === undefined ? [] : [['warning', fault.leaves]],
    after.told,
  )
  assert.equal(after.exitCode, 0)
}

/** What is printed to be run; or what its words tell somebody to do, who then does it. */
function commandFor(first: Shown | undefined, { runs, says, does }: RealFault, ground: DoctorGround): string {
  if (runs !== undefined) {
    assert.match(first?.command ?? '', runs)
    return first?.command ?? ''
  }
  assert.ok(says && does, 'nothing is expected of the fix')
  assert.equal(first?.command, undefined)
  assert.match(first?.fix ?? '', says)
  return does(ground)
}

interface JobList {
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

await withRealPart('an API server, its controllers and kubectl', startDoctorStage, (stage) => {
  suite('the command that doctor prints, run as it stands by sh and the real kubectl, mends it:', () => {
    for (const [index, fault] of faults.entries()) {
      test(fault.title, async () => {
        const ground = await openGround(stage, `case-${index}`, fault.ground)
        await fault.plant(ground)
        await seeItMended(ground, fault)
      })
    }

    test('a run whose time is over while a webhook does not answer names the hop, and that webhook', async () => {
      const ground = await openGround(stage, 'case-slow')
      await writeFaults.find(({ code }) => code === 'ADMISSION_UNAVAILABLE')?.plant(ground)
      const { stdout, exitCode } = await stage.sh(`pullpass doctor -f ${ground.file} --timeout 2s`)
      await stage.succeed('kubectl delete validatingwebhookconfiguration case-slow')
      assert.equal(exitCode, 1)
      assert.match(stdout, /^secret +ok /m)
      assert.match(stdout, /^TIMED_OUT \(write\): \S+: no answer in time to the dry run of Secrets: /m)
      assert.match(stdout, /case-slow\.example\.com \(ValidatingWebhookConfiguration case-slow\), or give it longer/)
    })

    test('from a laptop it runs the installed CronJob, whose pod holds the token (no kubelet is here to go on)', async () => {
      const { system, namespace, file } = await openGround(stage, 'case-laptop', {
        installed: 'by manifests',
        token: 'of the pod',
      })
      await stage.succeed(`kubectl delete secret regcred -n ${namespace}`)
      const { stdout } = await stage.sh(`pullpass doctor -f ${file} --service-account ${system}/pullpass -o json`, {
        PULLPASS_TOKEN_FILE: '',
      })
      const { firstFailure: first }: { firstFailure: Shown } = JSON.parse(stdout)
      assert.equal(first.code, 'SECRET_NOT_FOUND', stdout)
      await stage.succeed(first.command ?? '')
      const { items }: JobList = JSON.parse(await stage.succeed(`kubectl get jobs -n ${system} -o json`))
      assert.match(items[0]?.metadata.name ?? '', /^pullpass-manual-\d+$/)
    })
  })
})
