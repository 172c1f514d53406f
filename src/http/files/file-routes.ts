/** What goes to and fro without JSON: objects, and their parts where our own disk has them (objects chapter, 1.6 and 1.13). */
import type { FolderRoute } from '../server.ts';
import type { Services } from '../services.ts';
import { receiveForm, receivePart } from './receive-part.ts';
import { serveObject } from './serve-object.ts';

export function fileRoutes(services: Services): readonly FolderRoute[] {
  return [
    {
      methods: ['GET', 'HEAD'],
      folder: '/object/',
      path: '/object/*',
      work: (exchange) => serveObject(exchange, services.objects),
    },
    {
      methods: ['PUT'],
      folder: '/object/upload/',
      path: '/object/upload/*',
      work: (exchange) => receivePart(exchange, services.partReceiver),
    },
    {
      methods: ['POST'],
      folder: '/object/form/',
      path: '/object/form/*',
      work: (exchange) => receiveForm(exchange, services.partReceiver),
    },
  ];
}
