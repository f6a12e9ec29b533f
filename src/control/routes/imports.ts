import type { Desk } from '../desk.ts';
import { importChunk, showImport } from '../imports/chunk.ts';
import * as input from '../input.ts';
import { importQuery } from '../inputs/imports.ts';
import { NDJSON } from '../ledger/logs.ts';
import { id, type Route, route } from '../route.ts';
import * as shape from '../shapes/imports.ts';

const { examples } = shape;

/** Keys of other systems, for operators. */
export const IMPORT_ROUTES: readonly Route<Desk>[] = [
  route(
    'POST',
    '/imports',
    importQuery,
    {
      id: 'importKeys',
      summary:
        'Bring in keys of another system with the secrets that they have, one a line; sent again it doubles nothing',
      upload: { type: NDJSON, example: examples.lines },
      answers: { 200: shape.importedChunk },
      denials: ['conflict'],
      example: { input: { import: 'move-1', chunk: '1' }, answer: examples.importedChunk },
    },
    importChunk,
  ),
  route(
    'GET',
    '/imports/:id',
    input.nothing,
    {
      id: 'showImport',
      summary: 'How far an import is: which chunks were answered, and what their lines came to',
      answers: { 200: shape.importProgress },
      denials: ['not_found'],
      example: { answer: examples.importProgress },
    },
    (desk, _, params) => showImport(desk, id(params)),
  ),
];
