-- statuses: deal × touch row of its account: eligible, or the first rule that excludes the touch.
-- In: deals, touches. Money given back on a named deal is seen through that deal's window.
WITH windows AS (
    SELECT deal_id, account_id, window_start, closed FROM deals WHERE kind <> 'credit'
    UNION ALL
    SELECT c.deal_id, o.account_id, o.window_start, o.closed
    FROM deals c JOIN deals o ON c.reverses = o.deal_id
    WHERE c.kind = 'credit' AND o.kind <> 'credit'
)
SELECT w.deal_id, t.touch_id, t.at / 1000 AS at_micros,
       CASE
           WHEN NOT t.recorded THEN 'recorded after the as-of date'
           WHEN t.at > w.closed THEN 'after the conversion'
           WHEN t.at < w.window_start THEN 'before the window'
           WHEN t.copy > 1 THEN 'repeated touch_id'
           WHEN NOT t.eligible THEN 'not eligible'
           ELSE 'eligible'
       END AS status
FROM windows w JOIN touches t ON w.account_id = t.account_id
