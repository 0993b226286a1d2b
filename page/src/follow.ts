/**
 * Keeps the end of a box in view until the reader scrolls up, and again once back at the end. Gives the function that does so;
 * `onMove` is told whether the end is in view.
 */
export function follower(box: HTMLElement, onMove: (atEnd: boolean) => void = () => {}): (always?: boolean) => void {
  let following = true;
  let last = 0;
  const down = (always = false) => {
    following ||= always;
    if (following) box.scrollTop = box.scrollHeight;
    onMove(following);
  };
  box.addEventListener("scroll", () => {
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    following = end || (following && box.scrollTop >= last); // growth alone is no scrolling up
    last = box.scrollTop;
    onMove(following);
  });
  new ResizeObserver(() => down()).observe(box);
  return down;
}

/** The same with a button that leads back to the end. */
export function followerWith(box: HTMLElement, latest: HTMLElement): (always?: boolean) => void {
  const follow = follower(box, (atEnd) => {
    latest.hidden = atEnd;
  });
  latest.addEventListener("click", () => {
    follow(true);
    box.focus();
  });
  return follow;
}
