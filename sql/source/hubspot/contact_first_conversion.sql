-- HubSpot contacts: the touch in which a contact first sent a form.
SELECT
    'first_conversion-' || "Record ID" AS touch_id,
    "Record ID" AS contact_id,
    "First Touch Converting Campaign" AS campaign_id,
    "First Conversion Date" AS touched_at,
    "Original Source" AS channel,
    'first_conversion' AS touch_type,
    'marketing' AS source
FROM raw
WHERE "First Conversion Date" IS NOT NULL
