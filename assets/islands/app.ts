// The one script of every page. Pages work without it; it adds the hand.
import "htmx.org/dist/htmx.esm.min.js";
import "./island";
import { startCopies } from "./copy";
import { startKeys } from "./keys";
import { startLive } from "./live";
import { startOverlays } from "./overlay";
import { startPalette } from "./palette";
import { startStay } from "./stay";
import { startTheme } from "./theme";
import { startTimes } from "./times";
import { startToasts } from "./toast";
import { startTips } from "./tip";
import { startZone } from "./zone";

startTheme();
startOverlays();
startTips();
startToasts();
startTimes();
startPalette();
startKeys();
startLive();
startZone();
startCopies();
startStay();
