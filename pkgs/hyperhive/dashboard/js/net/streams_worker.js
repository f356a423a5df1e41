// The worker that all tabs of a browser share: it has the one connection for their streams.
import { createStreams } from "./streams.js";

const { serve } = createStreams();
addEventListener("connect", ({ ports: [tab] }) => serve(tab));
