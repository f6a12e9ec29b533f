import { afterAll, beforeAll, describe } from 'vitest';
import { conform } from './document.ts';
import { rolling, variants } from './rolling.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(rolling, variants);
});
afterAll(() => scene?.close());

describe('Rolling', () => conform(rolling, () => scene));
