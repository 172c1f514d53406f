/** Every endpoint under /object, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import accessUrl from './access_url.ts';
import authSign from './auth_sign.ts';
import completeFormData from './complete_form_data.ts';
import completeMultipartUpload from './complete_multipart_upload.ts';
import initiateFormData from './initiate_form_data.ts';
import initiateMultipartUpload from './initiate_multipart_upload.ts';
import partLimit from './part_limit.ts';
import partSize from './part_size.ts';

export const objectEndpoints: readonly Endpoint[] = [
  partLimit,
  partSize,
  initiateMultipartUpload,
  authSign,
  completeMultipartUpload,
  accessUrl,
  initiateFormData,
  completeFormData,
];
