/** Every endpoint under /user, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import accountCheck from './account_check.ts';
import addNotificationAccount from './add_notification_account.ts';
import delUserClientConfig from './del_user_client_config.ts';
import getAllUsersUid from './get_all_users_uid.ts';
import getSubscribeUsersStatus from './get_subscribe_users_status.ts';
import getUserClientConfig from './get_user_client_config.ts';
import getUsers from './get_users.ts';
import getUsersInfo from './get_users_info.ts';
import getUsersOnlineStatus from './get_users_online_status.ts';
import getUsersOnlineTokenDetail from './get_users_online_token_detail.ts';
import getUsersStatus from './get_users_status.ts';
import pageUserClientConfig from './page_user_client_config.ts';
import processUserCommandAdd from './process_user_command_add.ts';
import processUserCommandDelete from './process_user_command_delete.ts';
import processUserCommandGet from './process_user_command_get.ts';
import processUserCommandGetAll from './process_user_command_get_all.ts';
import processUserCommandUpdate from './process_user_command_update.ts';
import searchNotificationAccount from './search_notification_account.ts';
import setGlobalMsgRecvOpt from './set_global_msg_recv_opt.ts';
import setUserClientConfig from './set_user_client_config.ts';
import subscribeUsersStatus from './subscribe_users_status.ts';
import updateNotificationAccount from './update_notification_account.ts';
import updateUserInfo from './update_user_info.ts';
import updateUserInfoEx from './update_user_info_ex.ts';
import userRegister from './user_register.ts';

export const userEndpoints: readonly Endpoint[] = [
  updateUserInfo,
  updateNotificationAccount,
  setGlobalMsgRecvOpt,
  searchNotificationAccount,
  getUsers,
  getAllUsersUid,
  addNotificationAccount,
  accountCheck,
  delUserClientConfig,
  getSubscribeUsersStatus,
  getUserClientConfig,
  getUsersInfo,
  getUsersOnlineStatus,
  getUsersOnlineTokenDetail,
  getUsersStatus,
  pageUserClientConfig,
  processUserCommandAdd,
  processUserCommandDelete,
  processUserCommandGet,
  processUserCommandGetAll,
  processUserCommandUpdate,
  setUserClientConfig,
  subscribeUsersStatus,
  updateUserInfoEx,
  userRegister,
];
