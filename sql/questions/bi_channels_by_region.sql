-- Question: which channels work in which region?
-- Asked by: BI, for the regional dashboard.
-- Marts: touch_credits, dim_account.
-- touch_credits has one column per model: put another model's in place of w_shaped_amount and w_shaped_share.
SELECT
    coalesce(a.region, 'unknown') AS region,
    t.channel,
    sum(t.w_shaped_amount) AS revenue,
    sum(CASE WHEN t.kind <> 'credit' THEN t.w_shaped_share ELSE 0 END) AS deals
FROM touch_credits t
LEFT JOIN dim_account a ON a.account_id = t.account_id
GROUP BY coalesce(a.region, 'unknown'), t.channel
ORDER BY region, revenue DESC, t.channel
