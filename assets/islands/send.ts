// Sending a form by script: with progress, and with an answer also where the
// server cannot be reached.

/** Answer is what came back; status 0 means that nothing did. */
export interface Answer {
  status: number;
  text: string;
  json: boolean;
  redirect: string; // where the server sends the page; "" for nowhere
}

/** send posts data the way htmx does, so that the server answers with a part. */
export function send(url: string, data: FormData | URLSearchParams, accept: string, progress?: (percent: number) => void): Promise<Answer> {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("Accept", accept);
    if (progress) request.upload.onprogress = (event) => progress(event.total ? Math.round((100 * event.loaded) / event.total) : 0);
    request.onloadend = () => {
      const type = request.getResponseHeader("Content-Type") ?? "";
      const redirect = request.getResponseHeader("HX-Redirect") ?? "";
      done({ status: request.status, text: request.responseText, json: type.includes("json"), redirect });
    };
    request.send(data);
  });
}
