// The real Uppy, as a page of somebody's would use it with this site's endpoints.
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

window.uploadWithUppy = (file, project, token) => {
  const uppy = new Uppy({ autoProceed: true });
  uppy.use(AwsS3, {
    endpoint: `${location.origin}/projects/${project}`, // it adds /s3/multipart
    headers: { "X-CSRFToken": token },
    shouldUseMultipart: true,
    getChunkSize: () => 8 * 1024 * 1024, // as long as the file is below 80 GB
    limit: 3,
  });
  window.uppyTold = { sent: 0, errors: [], done: false };
  uppy.on("upload-progress", (_, { bytesUploaded }) => (window.uppyTold.sent = bytesUploaded));
  uppy.on("upload-error", (_, error) => window.uppyTold.errors.push(String(error)));
  uppy.on("complete", ({ successful }) => (window.uppyTold.done = successful.length === 1));
  uppy.addFile({ name: file.name, type: file.type, data: file, meta: { size: file.size } }); // room is kept for so much
};
