// The staff handbook of an organisation that doesn't exist, as data: one chapter a page, each fact in one chapter only.
// Every file format of the tests and docs/examples/handbook.pdf are made from it, so that they can be compared.

export type HandbookBlock =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[] }

export interface HandbookChapter {
  readonly heading: string
  readonly blocks: readonly HandbookBlock[]
}

const heading = (text: string): HandbookBlock => ({ kind: 'heading', text })
const paragraph = (text: string): HandbookBlock => ({ kind: 'paragraph', text })
const list = (...items: readonly string[]): HandbookBlock => ({ kind: 'list', items })
const table = (...rows: readonly (readonly string[])[]): HandbookBlock => ({ kind: 'table', rows })

export const handbookTitle = 'Staff Handbook'

/** The chapter at index n is page n + 1 of the PDF. */
export const handbookChapters: readonly HandbookChapter[] = [
  {
    heading: 'Welcome to Tidewater',
    blocks: [
      paragraph(
        'The Tidewater Cartographic Trust draws the sea charts and tide tables that pilots, fishing crews and harbour masters along the Ellery coast work with every day. This handbook tells you what you can expect from the Trust and what the Trust expects from you. It applies to everyone who is employed by the Trust, whether at the drawing office, in the archive or on the survey vessels.',
      ),
      heading('Where we come from'),
      paragraph(
        'The Trust was founded in 1911 by eleven harbour pilots, after the steamer Calliope ran aground on a shoal that no chart showed. They pooled a month of wages, bought a second-hand sounding line and began to measure the bay themselves. To this day the board holds eleven seats, and by custom one of them is kept for a working pilot.',
      ),
      heading('How to use this handbook'),
      paragraph(
        'Each chapter stands by itself. Where a rule depends on a form, the name of the form is given, and you find it on the intranet under that name. If a chapter and your contract of employment disagree, the contract counts. The handbook is revised every autumn; changes that cannot wait are sent to all staff as a numbered circular.',
      ),
    ],
  },
  {
    heading: 'Working Hours',
    blocks: [
      paragraph(
        'A full-time week has 37 hours and 30 minutes. You may arrange most of them as you like, as long as your team can reach you during core hours and the work at sea is covered.',
      ),
      heading('Core hours'),
      paragraph(
        'Core hours run from 10:15 to 15:45, Monday to Thursday. On Fridays there are none, so that people who look after children or parents can leave early. Outside core hours nobody is obliged to answer messages, and nobody should be asked why they did not.',
      ),
      heading('Working from home'),
      paragraph(
        'Staff of the drawing office and the archive may work from home on up to nine days a month. Agree the days with your team at the start of the month and mark them in the shared calendar. Chart proofs on paper stay in the building at all times, because a lost proof cannot be told from a published chart.',
      ),
      heading('Recording your time'),
      paragraph(
        'Enter your hours in the time sheet by noon every Wednesday. Overtime is counted from the first quarter of an hour, needs the consent of your team lead beforehand, and is given back as time off within twelve weeks.',
      ),
    ],
  },
  {
    heading: 'Leave and Absence',
    blocks: [
      heading('Annual leave'),
      paragraph(
        'You are entitled to 28 days of paid leave in a calendar year, besides public holidays. Pilot Day, the third Monday in May, is a further free day for everyone on shore. Leave that you could not take may be carried over until the end of April; at most six days can be carried.',
      ),
      heading('Sickness'),
      paragraph(
        'If you are ill, tell your team lead before nine in the morning. A doctor’s note is needed from the fifth day on. During the first thirteen weeks of an illness the Trust pays your full salary, and after that seventy per cent of it until the end of the first year.',
      ),
      heading('Parents and carers'),
      paragraph(
        'Parents receive 24 weeks of leave on full pay for every child, which may be divided between them if both work for the Trust. Adoption counts as birth. Anyone who cares for a relative may take ten unpaid days a year at short notice; the form is called Carer’s Days.',
      ),
      heading('Other reasons'),
      list(
        'Moving house: one day, once in two years',
        'Your own wedding or partnership ceremony: two days',
        'Death of a close relative: five days, more after a talk with personnel',
        'Voluntary lifeboat service: as long as the call lasts, and the night after it',
      ),
    ],
  },
  {
    heading: 'Travel and Expenses',
    blocks: [
      paragraph(
        'Travel for the Trust is booked by the travel desk, not by yourself, so that somebody always knows where you are. Journeys of less than six hours are made by train or ferry. The travel desk needs your request, called Journey Notice, ten working days before you leave.',
      ),
      heading('Travel allowances'),
      paragraph(
        'You are paid the amounts in this table without receipts. They are given in crowns, for each night or day that you are away, and depend on the district you travel to.',
      ),
      table(
        ['District', 'Lodging per night', 'Meals per day', 'Mileage per km'],
        ['Ellery coast', '84', '31', '0.38'],
        ['Northern islands', '112', '46', '0.52'],
        ['Mainland cities', '139', '40', '0.41'],
        ['Abroad', '165', '58', '0.45'],
      ),
      heading('Claiming expenses'),
      paragraph(
        'Everything that the allowances do not cover is paid against receipts. Hand your claim in within 45 days of your return. Claims above 900 crowns are signed by the head of department, and claims above 5,000 crowns by the treasurer as well. Alcohol and fines are not refunded.',
      ),
    ],
  },
  {
    heading: 'Equipment and Information Security',
    blocks: [
      paragraph(
        'The Trust gives you the equipment that your work needs. Laptops are replaced every four years, telephones every three. When you leave the Trust you hand everything back to the equipment store in the basement of the Sounding House.',
      ),
      heading('Lost devices'),
      paragraph(
        'Report a lost or stolen device within two hours, at any time of the day, by calling extension 4417. The duty engineer locks the device from afar. Nobody is blamed for a loss that was reported in time.',
      ),
      heading('Passphrases and accounts'),
      paragraph(
        'A passphrase has at least five words and is used for one account only. The Trust never asks for it, neither by mail nor by telephone. Accounts that give access to unpublished soundings need a hardware key in addition, which you receive at the front desk against your signature.',
      ),
      heading('Visitors'),
      paragraph(
        'Visitors wear a yellow badge and are accompanied at all times above the ground floor. The plate vault may be visited only with the written consent of the chief archivist, Odile Marchetti.',
      ),
    ],
  },
  {
    heading: 'Safety at Sea',
    blocks: [
      paragraph(
        'The Trust runs two survey vessels, the Petrel and the Sandpiper. On board the skipper’s word is final, whatever your rank on shore. You may go to sea after the two-day survival course, which has to be repeated every thirty months.',
      ),
      heading('Before casting off'),
      list(
        'At least three crew members are on board, one of them trained in first aid',
        'Every person wears a lifejacket from the gangway on',
        'The float plan has been filed with the harbour radio at Port Ellery',
        'The echo sounder has been checked against the lead line in two depths',
      ),
      heading('Weather'),
      paragraph(
        'No survey is begun at wind force six or above, or when the swell exceeds 2.4 metres. If the wind rises during a survey, the skipper decides whether the line that has been begun may be finished. A survey that is broken off is never held against anybody.',
      ),
      heading('Accidents'),
      paragraph(
        'Every accident and every near miss is written into the blue log on the bridge on the same day. The safety officer, Tomasz Weller, reads all entries and answers each of them within a week.',
      ),
    ],
  },
  {
    heading: 'Training and Development',
    blocks: [
      paragraph(
        'Hydrography changes quickly, and the Trust wants you to keep up with it. Everyone has a personal training budget of 1,450 crowns a year. What you do not spend is added to the next year, once.',
      ),
      heading('Study leave'),
      paragraph(
        'For a recognised qualification you receive eight days of study leave a year and half of the fees. If you leave the Trust of your own will within eighteen months of the examination, the fees are paid back in equal parts for the months that remain.',
      ),
      heading('Mentors'),
      paragraph(
        'New colleagues are given a mentor from another department for their first forty weeks. You meet once every two weeks, during working hours, and what is said stays between the two of you. Mentors are trained in January and in August.',
      ),
      heading('The apprentice chart'),
      paragraph(
        'Each spring the apprentices draw one chart entirely by hand. The best sheet receives the Calliope Medal, hangs in the entrance hall for a year, and its maker sails as a guest on the midsummer survey.',
      ),
    ],
  },
  {
    heading: 'Conduct and Complaints',
    blocks: [
      paragraph(
        'We treat one another with respect and settle disagreements early. Presents from suppliers may be kept up to a value of 35 crowns; anything worth more is raffled at the winter party in aid of the lifeboat fund.',
      ),
      heading('Raising a concern'),
      paragraph(
        'Speak with your team lead first, if you can. If you cannot, go to the ombudswoman, Ines Okafor, in room 212; she has been appointed by the staff council and reports to the board alone. She answers within six working days and never passes on a name without consent.',
      ),
      heading('Whom to ask'),
      table(
        ['Matter', 'Office', 'Room'],
        ['Pay and contracts', 'Personnel', '118'],
        ['Journeys', 'Travel desk', '104'],
        ['Concerns', 'Ombudswoman', '212'],
        ['Safety', 'Safety officer', '031'],
      ),
      heading('Leaving the Trust'),
      paragraph(
        'The period of notice is seven weeks to the end of a month, on both sides. In your last week you are invited to a conversation with a member of the board whom you may choose. Your access ends at six in the evening of your last working day.',
      ),
    ],
  },
]

export interface HandbookFact {
  readonly page: number
  readonly question: string
  /** Words that stand on that page and on no other. */
  readonly answer: string
}

/** One fact of each page. */
export const handbookFacts: readonly HandbookFact[] = [
  {
    page: 1,
    question: 'In which year was the Trust founded, and by whom?',
    answer: 'founded in 1911 by eleven harbour pilots',
  },
  { page: 2, question: 'From when to when do core hours run?', answer: 'Core hours run from 10:15 to 15:45' },
  { page: 3, question: 'How many days of annual leave am I entitled to?', answer: '28 days of paid leave' },
  {
    page: 4,
    question: 'Within how many days do I hand my claim for expenses in after my return?',
    answer: 'within 45 days of your return',
  },
  { page: 5, question: 'Which extension do I call to report a stolen device?', answer: 'calling extension 4417' },
  { page: 6, question: 'At which swell is no survey begun?', answer: 'swell exceeds 2.4 metres' },
  { page: 7, question: 'How large is my personal training budget?', answer: 'training budget of 1,450 crowns' },
  { page: 8, question: 'How long is the period of notice?', answer: 'period of notice is seven weeks' },
]
