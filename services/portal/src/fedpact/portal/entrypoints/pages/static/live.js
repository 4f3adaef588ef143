// A page listens only while somebody looks at it: browsers allow few connections to one place, and forgotten tabs
// would use them up. Who looks again is told `sync`, and every part is fetched anew.
"use strict";
(() => {
  const PATIENCE = 5000; // hidden for this long, a page stops listening

  class Stream extends EventTarget {
    #types = new Set();
    #inner = null;
    #later = 0;
    onopen = null;
    onerror = null;

    constructor(url) {
      super();
      this.url = url;
      document.addEventListener("visibilitychange", this.#turn);
      addEventListener("pagehide", () => this.#rest());
      if (!document.hidden) this.#listen();
    }

    get readyState() { return this.#inner ? this.#inner.readyState : EventSource.OPEN; }

    addEventListener(type, listener) {
      super.addEventListener(type, listener);
      if (this.#types.has(type)) return;
      this.#types.add(type);
      this.#inner?.addEventListener(type, this.#pass);
    }

    close() {
      document.removeEventListener("visibilitychange", this.#turn);
      clearTimeout(this.#later);
      this.#rest();
    }

    #pass = (event) => this.dispatchEvent(new MessageEvent(event.type, { data: event.data }));

    #turn = () => {
      clearTimeout(this.#later);
      if (document.hidden) this.#later = setTimeout(() => this.#rest(), PATIENCE);
      else if (!this.#inner) {
        this.#listen();
        this.dispatchEvent(new MessageEvent("sync", { data: "-" }));
      }
    };

    #listen() {
      this.#inner = new EventSource(this.url);
      this.#inner.onopen = (event) => this.onopen?.(event);
      this.#inner.onerror = (event) => this.onerror?.(event);
      for (const type of this.#types) this.#inner.addEventListener(type, this.#pass);
    }

    #rest() {
      this.#inner?.close();
      this.#inner = null;
    }
  }

  htmx.createEventSource = (url) => new Stream(url);
})();
