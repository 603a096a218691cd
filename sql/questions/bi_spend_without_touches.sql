-- Question: which campaigns have spend but no touch that could earn credit, or touches but no spend?
-- Asked by: BI, because one of the two exports is usually incomplete.
-- Marts: campaign_roi, dim_model.
-- Touches are counted once per deal they serve, whatever the model.
WITH campaigns AS (
    SELECT r.campaign_id, sum(r.spend) AS spend, sum(r.touches) AS touches, sum(r.amount) AS revenue
    FROM campaign_roi r
    JOIN dim_model m ON m.model = r.model
    WHERE m.is_default AND r.basis = 'close_date' AND r.line = 'campaign'
    GROUP BY r.campaign_id
)
SELECT
    campaign_id, CASE WHEN touches = 0 THEN 'no touch' ELSE 'no spend' END AS gap, spend, touches, revenue
FROM campaigns
WHERE (touches = 0 AND spend <> 0) OR (touches > 0 AND spend = 0)
ORDER BY gap, spend DESC, campaign_id
