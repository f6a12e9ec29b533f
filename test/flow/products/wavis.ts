import type { ProductDocument } from './document.ts';
import type { Scene } from './scene.ts';
import { variants, wavisAuth } from './wavis-auth.ts';
import { wavisReference } from './wavis-reference.ts';

/* The two documents of WAVIS, on authentication and the reference, one after the other. */

const under = (text: string, sections: ProductDocument<Scene>['sections']) =>
  sections.map(({ title, statements }) => ({ title: `${text}: ${title}`, statements }));

export { variants };

export const wavis: ProductDocument<Scene> = {
  preset: 'wavis',
  title: 'WAVIS',
  sections: [...under('Authentication', wavisAuth), ...under('Reference', wavisReference)],
};
