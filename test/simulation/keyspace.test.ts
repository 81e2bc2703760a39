import { describe } from 'vitest'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { createRecords } from '../../src/redis/records.ts'
import { recordsContract } from '../support/records-contract.ts'
import { createKeyspace, setAt } from './keyspace.ts'
import { spaceCommands } from './space-commands.ts'

describe('records in simulated Redis', () => {
  let space = createKeyspace()
  const commands = spaceCommands(async (command) => command(space, Date.now()))
  recordsContract({
    async open(options) {
      space = createKeyspace()
      return createRecords({ commands, ...options })
    },
    async wakeUpOf(id, count) {
      return setAt(space, keysOf(partitionOf(id, count)).due).get(`account:${id}`) ?? null
    },
  })
})
