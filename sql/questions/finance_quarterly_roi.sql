-- Question: what did each campaign cost and return in the latest quarter, in a table whose revenue is all that was booked?
-- Asked by: marketing finance, for the quarterly filing.
-- Marts: campaign_roi, dim_campaign, dim_fiscal_quarter, dim_model, reconciliation.
-- Revenue by close date under the default model; residual lines have no spend, so they have no return. Spend is the quarter's own, of
-- which most is earned later: a return says how the quarter's money compares, not what a campaign is worth (leadership_safe_bets).
SELECT
    r.line,
    coalesce(c.name, r.campaign_id, r.channel, r.residual) AS name,
    coalesce(r.channel, '') AS channel,
    r.spend,
    r.amount AS revenue,
    r.margin,
    r.attributed_profit AS profit,
    r.roi,
    r.margin_roi
FROM campaign_roi r
JOIN dim_model m ON m.model = r.model
LEFT JOIN dim_campaign c ON c.campaign_id = r.campaign_id
WHERE m.is_default AND r.basis = 'close_date'
    AND r.fiscal_quarter = (
        SELECT q.fiscal_quarter
        FROM dim_fiscal_quarter q
        WHERE q.fiscal_quarter IN (SELECT fiscal_quarter FROM reconciliation)
        ORDER BY q.start_date DESC
        LIMIT 1
    )
ORDER BY r.line, revenue DESC, name, channel, r.campaign_id
