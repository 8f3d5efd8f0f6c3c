"use strict";
// Charts are drawn for the screen; with a view box the style sheet can fit them to paper.
(function () {
  const fit = () => document.querySelectorAll(".chart svg").forEach((svg) =>
    svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`));
  fit();
  window.addEventListener("resize", fit);
})();
